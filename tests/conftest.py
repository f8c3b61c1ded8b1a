"""What holds for every test."""

import index  # noqa: F401  both keep libraries from calling home and must come before any test imports those
import ui  # noqa: F401
