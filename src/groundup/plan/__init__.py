"""What a training would take on machines that are not here: memory, time and cost, from stated assumptions."""
