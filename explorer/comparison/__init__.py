"""Two runs side by side: what each costs and gives away, and what of one stands for what of the other."""
