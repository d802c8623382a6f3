"""Memory, time and cost of a training on machines that are not here, from stated assumptions."""
