"""Training: loss, optimizer, schedules, the loop that yields a Step, checkpoints, progress, and `fit`, which drives it.

Reading order: loss, optim, schedule, precision, loop, checkpoint, settings, log, plot, fit.
"""
