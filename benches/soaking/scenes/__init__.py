"""The scenes there are: none of them may cost a worker."""

from ..stage import Scene
from .cuts import CUTS
from .edits import EDITS
from .forks import FORKS
from .imports import IMPORTS
from .shared import SHARED
from .uploads import UPLOADS

SCENES: tuple[Scene, ...] = (*IMPORTS, *UPLOADS, *EDITS, *FORKS, *SHARED, *CUTS)
