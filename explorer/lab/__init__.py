"""Where peers meet: scenarios, a simulated link, a virtual clock, seeded entropy, the run."""
