"""From events, orders, clicks and replies to state and facts. One module a kind of input."""
