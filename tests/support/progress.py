"""A run's progress that nobody watches."""


class Quiet:
    """Says nothing."""

    def stage(self, name, done, total):
        """Nothing."""

    def planned(self, jobs, saved_results):
        """Nothing."""

    def result(self, job, result):
        """Nothing."""
