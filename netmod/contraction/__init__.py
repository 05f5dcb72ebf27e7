"""What chapter 4 proves: Lipschitz constants, error bounds and certificates."""

from netmod.contraction.certificates import a_posteriori_error, a_priori_error, certify, lipschitz_constants
from netmod.contraction.proofs import Certificate

__all__ = [
    "Certificate",
    "a_posteriori_error",
    "a_priori_error",
    "certify",
    "lipschitz_constants",
]

for _name in __all__:  # the public address, whatever file a thing is written in: `netmod.contraction`
    globals()[_name].__module__ = __name__
