"""Our models as classes of transformers. `hub.bundle` joins these files and the heart into what an export carries."""
