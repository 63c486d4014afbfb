"""`python -m kclass_cli`: the same as `kclass`."""

from .main import main

if __name__ == "__main__":
    main()
