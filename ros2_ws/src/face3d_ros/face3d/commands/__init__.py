"""The subcommands of `face3d`; see `face3d.cli`."""
