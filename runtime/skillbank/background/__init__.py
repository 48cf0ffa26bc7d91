"""Processes that see to jobs and searches while nobody looks; each opens the runtime as a door does.

What they import lives as long as they do: looking through it for garbage again and again would be a tenth of
the time that starting takes.
"""

import gc

gc.set_threshold(50_000, 20, 20)
