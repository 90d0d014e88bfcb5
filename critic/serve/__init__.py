"""A local web page over the same pipeline, store and renderers. Needs the extra `critic[serve]`."""
