"""Classes (培训班): made, filed, opened, and what happens to them while they run."""
