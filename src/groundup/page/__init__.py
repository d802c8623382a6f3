"""Make a run one self-contained HTML file that runs the model in the browser: `build.build(run)`."""
