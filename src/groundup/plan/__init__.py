"""Estimate memory, time and cost of a training on other machines, from stated assumptions."""
