"""Lessons: files that a teacher can edit, checks that are answered from the run."""
