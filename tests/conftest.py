"""What holds for every test."""

from hypothesis import settings

import index  # noqa: F401  both keep libraries from calling home and must come before any test imports those
import ui  # noqa: F401

# A busy machine is no fault of the code: how long an example takes is nothing that a test says.
settings.register_profile("yiju", deadline=None)
settings.load_profile("yiju")
