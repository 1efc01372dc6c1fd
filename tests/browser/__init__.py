"""The pages in Debian's Chromium, as people see and use them."""
