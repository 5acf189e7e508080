"""A group of commands as `--help` shows it. Knows none of them."""

import click


class Verbs(click.Group):
    """Lists its verbs with their first sentence whole, over several lines where it is long."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, without its cut at the end of the line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.get_short_help_str(500)) for name, verb in sorted(self.commands.items())])
