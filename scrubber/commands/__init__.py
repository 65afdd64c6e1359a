"""The commands, a module each. scrubber/cli.py lists them; a module is loaded when its command is called."""
