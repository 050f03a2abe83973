"""From the workspace to lines, one pane a module; pure functions, so that they are tested without an app."""
