"""The command. Nothing is imported before it is needed: a process that the planner starts reads this file too."""

import sys

if __name__ == "__main__":
    from bench.dispatch.run import main

    sys.exit(main())
