"""The command line of kclass, one file per command."""
