"""The protocols, one package each; none knows of another."""
