"""What people write to fetch photos: one after the other, into files.

Usage: one_after_the_other.py LIST OUT

LIST is a CSV file with a column `url`.
"""

import csv
import sys
from pathlib import Path

import requests

with Path(sys.argv[1]).open(newline="") as file:
    addresses = [row["url"] for row in csv.DictReader(file)]
out = Path(sys.argv[2])
out.mkdir()
session = requests.Session()
for place, address in enumerate(addresses):
    answer = session.get(address, timeout=30)
    answer.raise_for_status()
    (out / f"{place}.jpg").write_bytes(answer.content)
