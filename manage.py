#!/usr/bin/env python3
"""Ostler's management commands from a checkout; installed copies have the `ostler` script."""

from helpdesk.command_line import main

if __name__ == "__main__":
    main()
