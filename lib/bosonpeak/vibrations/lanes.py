"""Eight vectors side by side in one SIMD value, for numba kernels.

numba's optimiser leaves the inner loop over a block of vectors scalar (measured: 2.3 ms instead of 0.7 ms per vector
and step at 10^6 nodes), so that the eight lanes are spelled out as LLVM vectors. LLVM splits them into what the
processor has: one AVX-512 register, two of AVX, four of SSE2 or NEON.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 8
"""Vectors in a block: eight doubles are one cache line."""

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class _LanesType(types.Type):
    def __init__(self):
        super().__init__(name=f"Lanes({LANES})")


_lanes = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


def _address(context, builder, array_type, array, offset):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())


@intrinsic
def zero(typingctx):
    """All lanes 0."""

    def codegen(context, builder, signature, args):
        return ir.Constant(_VECTOR, [0.0] * LANES)

    return _lanes(), codegen


@intrinsic
def load(typingctx, array, offset):
    """array[offset : offset + LANES] of a flat float64 array, unchecked."""

    def codegen(context, builder, signature, args):
        return builder.load(_address(context, builder, signature.args[0], *args), align=8)

    return _lanes(array, types.intp), codegen


@intrinsic
def store(typingctx, array, offset, value):
    """array[offset : offset + LANES] = value, unchecked."""

    def codegen(context, builder, signature, args):
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), codegen


def _fused(builder, x, y, z):
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64"), [x, y, z])


@intrinsic
def scaled_sum(typingctx, factor, x, y):
    """factor * x + y with one number `factor` for all lanes."""

    def codegen(context, builder, signature, args):
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, args[0], ir.Constant(ir.IntType(32), 0))
        lane_zero = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return _fused(builder, builder.shuffle_vector(first, undefined, lane_zero), args[1], args[2])

    return _lanes(types.float64, _lanes, _lanes), codegen


@intrinsic
def product_sum(typingctx, x, y, z):
    """x * y + z, lane by lane."""

    def codegen(context, builder, signature, args):
        return _fused(builder, *args)

    return _lanes(_lanes, _lanes, _lanes), codegen
