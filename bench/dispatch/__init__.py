"""`python -m bench.dispatch INSTANCE.json.gz`: the planner of dispatches measured on one instance."""
