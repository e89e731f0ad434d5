"""How documents come to lie in an inbox: by windows, each replaced only by a newer one."""
