"""Ten days that are lived once; each file looks at some of the people in them."""
