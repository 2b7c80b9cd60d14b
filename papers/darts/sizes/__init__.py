"""The paper's networks at full size: parameters, work, memory (Sec. 3)."""
