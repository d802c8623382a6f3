"""Training: the loss, the loop that yields a Step, and `fit`, which drives it into a run folder.

Reading order: loss, optim, schedule, precision, loop; then tensors, manifest, checkpoint; then settings, log, plot,
tally, interrupt, fit.
"""
