"""What training and evaluation share: splits, resampling, significance tests, measures."""
