"""A run and its scenario in the words of real gear: what it prints, and how it would be set up."""
