"""`python -m cli`: the same as the `liancai` command."""

from __future__ import annotations

from cli.app import main

raise SystemExit(main())
