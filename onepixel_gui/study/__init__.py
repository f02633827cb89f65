"""Studies: everything an analyst did, in one file; and campaigns over many tiles inside one."""
