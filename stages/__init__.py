"""One short main per DVC stage: read params, call adda, write outs."""
