"""Templates of pages; see `kclass.templates`."""

from kclass.templates import source as source
from kclass.templates import template as template
