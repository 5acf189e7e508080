"""The demo study: a system that knows against one that sounds as if it did. Written for this project."""
