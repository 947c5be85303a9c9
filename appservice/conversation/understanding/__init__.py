"""What words mean: days, times, prices, places, choices. Pure: no I/O, `today` and `now` are handed in.

Nothing here raises anything but UserError, whatever is written.
"""
