"""What the README's first example calls."""


def hard_task(prompt):
    return f"AGI solved, as asked: {prompt}\n"
