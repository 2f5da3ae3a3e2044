"""owt measured side by side: servers started once, measured in turn, round by round."""
