"""A module of the same program, which no server has."""

import json
import statistics as stats

FACTOR = 3


def times(n):
    return n * FACTOR


def middle(values):
    return json.loads(json.dumps(stats.median(values)))


def factor_of_two():
    return 2
