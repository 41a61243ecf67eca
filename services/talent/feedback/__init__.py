"""What talents and officers say: ratings (好差评), complaints, notes and calls."""
