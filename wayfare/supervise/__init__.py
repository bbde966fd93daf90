"""What `wayfare up` is made of: the processes it starts, watches, restarts and stops in order."""
