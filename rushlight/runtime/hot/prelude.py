"""CPython's objects as LLVM text: what every translated function begins with.

Only what ``layouts.check`` has looked at is relied on: the reference count is the first word of an
object and its type the second, the size of a list or tuple the third. The rest is CPython's public
functions (https://docs.python.org/3/c-api/), found in the running process.
"""

from __future__ import annotations

import sys

# Name -> (result, arguments). All are public; those that come with 3.11 or later are named so.
API: dict[str, tuple[str, str]] = {
    "PyDict_Contains": ("i32", "ptr, ptr"),
    "PyDict_GetItemWithError": ("ptr", "ptr, ptr"),
    "PyErr_Clear": ("void", ""),
    "PyErr_ExceptionMatches": ("i32", "ptr"),
    "PyErr_Fetch": ("void", "ptr, ptr, ptr"),
    "PyErr_GetHandledException": ("ptr", ""),
    "PyErr_NormalizeException": ("void", "ptr, ptr, ptr"),
    "PyErr_Occurred": ("ptr", ""),
    "PyErr_SetHandledException": ("void", "ptr"),
    "PyErr_SetNone": ("void", "ptr"),
    "PyErr_SetObject": ("void", "ptr, ptr"),
    "PyErr_SetString": ("void", "ptr, ptr"),
    "PyException_SetCause": ("void", "ptr, ptr"),
    "PyException_SetTraceback": ("i32", "ptr, ptr"),
    "PyIter_Next": ("ptr", "ptr"),
    "PyList_Append": ("i32", "ptr, ptr"),
    "PyList_AsTuple": ("ptr", "ptr"),
    "PyList_New": ("ptr", "i64"),
    "PyList_SetSlice": ("i32", "ptr, i64, i64, ptr"),
    "PyEval_RestoreThread": ("void", "ptr"),
    "PyEval_SaveThread": ("ptr", ""),
    "PyLong_AsSsize_t": ("i64", "ptr"),
    "PyLong_FromSsize_t": ("ptr", "i64"),
    "PyLong_FromVoidPtr": ("ptr", "ptr"),
    "PyNumber_Add": ("ptr", "ptr, ptr"),
    "PyNumber_And": ("ptr", "ptr, ptr"),
    "PyDict_New": ("ptr", ""),
    "PyDict_SetItem": ("i32", "ptr, ptr, ptr"),
    "PyNumber_FloorDivide": ("ptr", "ptr, ptr"),
    "PyNumber_Lshift": ("ptr", "ptr, ptr"),
    "PyNumber_Negative": ("ptr", "ptr"),
    "PyNumber_Power": ("ptr", "ptr, ptr, ptr"),
    "PyNumber_Remainder": ("ptr", "ptr, ptr"),
    "PyNumber_Rshift": ("ptr", "ptr, ptr"),
    "PyNumber_TrueDivide": ("ptr", "ptr, ptr"),
    "PyObject_Format": ("ptr", "ptr, ptr"),
    "PyObject_Repr": ("ptr", "ptr"),
    "PyUnicode_Join": ("ptr", "ptr, ptr"),
    "PyNumber_InPlaceLshift": ("ptr", "ptr, ptr"),
    "PyNumber_InPlaceRshift": ("ptr", "ptr, ptr"),
    "PyNumber_InPlaceAdd": ("ptr", "ptr, ptr"),
    "PyNumber_InPlaceAnd": ("ptr", "ptr, ptr"),
    "PyNumber_InPlaceOr": ("ptr", "ptr, ptr"),
    "PyNumber_InPlaceSubtract": ("ptr", "ptr, ptr"),
    "PyNumber_Multiply": ("ptr", "ptr, ptr"),
    "PyNumber_Or": ("ptr", "ptr, ptr"),
    "PyNumber_Subtract": ("ptr", "ptr, ptr"),
    "PyObject_Call": ("ptr", "ptr, ptr, ptr"),
    "PyObject_GetAttr": ("ptr", "ptr, ptr"),
    "PyObject_GetItem": ("ptr", "ptr, ptr"),
    "PyObject_GetIter": ("ptr", "ptr"),
    "PyObject_IsInstance": ("i32", "ptr, ptr"),
    "PyObject_IsTrue": ("i32", "ptr"),
    "PyObject_RichCompare": ("ptr", "ptr, ptr, i32"),
    "PyObject_RichCompareBool": ("i32", "ptr, ptr, i32"),
    "PyObject_SetAttr": ("i32", "ptr, ptr, ptr"),
    "PyObject_SetItem": ("i32", "ptr, ptr, ptr"),
    "PyObject_Size": ("i64", "ptr"),
    "PyObject_Vectorcall": ("ptr", "ptr, ptr, i64, ptr"),
    "PyObject_VectorcallMethod": ("ptr", "ptr, ptr, i64, ptr"),
    "PySequence_Contains": ("i32", "ptr, ptr"),
    "PySequence_GetSlice": ("ptr", "ptr, i64, i64"),
    "PySequence_Tuple": ("ptr", "ptr"),
    "PySet_Add": ("i32", "ptr, ptr"),
    "PySet_New": ("ptr", "ptr"),
    "PySlice_New": ("ptr", "ptr, ptr, ptr"),
    "PyTuple_New": ("ptr", "i64"),
    "PyType_GenericAlloc": ("ptr", "ptr, i64"),
    "Py_DecRef": ("void", "ptr"),
    "Py_IncRef": ("void", "ptr"),
    "_Py_Dealloc": ("void", "ptr"),
}

TUPLE_ITEMS = tuple.__basicsize__  # 24; 32 where a tuple keeps its hash
LIST_ITEMS = 24  # where a list keeps the address of its elements
END = str(2**63 - 1)  # as the end of a slice

# Objects became immortal in 3.12, by rules that change: CPython's own functions know them.
_COUNTS = """
define internal void @hot_keep(ptr %o) alwaysinline {
  %n = load i64, ptr %o
  %m = add i64 %n, 1
  store i64 %m, ptr %o
  ret void
}
define internal void @hot_drop(ptr %o) alwaysinline {
  %n = load i64, ptr %o
  %m = add i64 %n, -1
  store i64 %m, ptr %o
  %dead = icmp eq i64 %m, 0
  br i1 %dead, label %last, label %done, !prof !0
last:
  call void @_Py_Dealloc(ptr %o)
  br label %done
done:
  ret void
}
"""
_COUNTS_OF_IMMORTALS = """
define internal void @hot_keep(ptr %o) alwaysinline {
  call void @Py_IncRef(ptr %o)
  ret void
}
define internal void @hot_drop(ptr %o) alwaysinline {
  call void @Py_DecRef(ptr %o)
  ret void
}
"""

_HELPERS = f"""
define internal ptr @hot_type(ptr %o) alwaysinline {{
  %at = getelementptr i8, ptr %o, i64 8
  %t = load ptr, ptr %at
  ret ptr %t
}}
define internal void @hot_drop_any(ptr %o) alwaysinline {{
  %none = icmp eq ptr %o, null
  br i1 %none, label %done, label %some
some:
  call void @hot_drop(ptr %o)
  br label %done
done:
  ret void
}}
; The same where it is not often done: less text.
define internal void @hot_drop_late(ptr %o) noinline {{
  call void @hot_drop_any(ptr %o)
  ret void
}}
; 1, 0 or, where asking failed, -1.
define internal i32 @hot_truth(ptr %o, ptr %true, ptr %false, ptr %none) noinline {{
  %a = icmp eq ptr %o, %true
  br i1 %a, label %yes, label %not_true
yes:
  ret i32 1
not_true:
  %b = icmp eq ptr %o, %false
  %c = icmp eq ptr %o, %none
  %d = or i1 %b, %c
  br i1 %d, label %no, label %ask
no:
  ret i32 0
ask:
  %e = call i32 @PyObject_IsTrue(ptr %o)
  ret i32 %e
}}
; What ``hot_next`` goes through: a list or tuple itself, an iterator of anything else.
define internal ptr @hot_iter(ptr %o, ptr %list, ptr %tuple) noinline {{
  %t = call ptr @hot_type(ptr %o)
  %a = icmp eq ptr %t, %list
  %b = icmp eq ptr %t, %tuple
  %c = or i1 %a, %b
  br i1 %c, label %plain, label %other
plain:
  call void @hot_keep(ptr %o)
  ret ptr %o
other:
  %i = call ptr @PyObject_GetIter(ptr %o)
  ret ptr %i
}}
; Where the elements of a list or tuple begin; null for anything else.
define internal ptr @hot_items(ptr %o, ptr %list, ptr %tuple) alwaysinline {{
  %t = call ptr @hot_type(ptr %o)
  %a = icmp eq ptr %t, %list
  br i1 %a, label %in_list, label %no_list
in_list:
  %at = getelementptr i8, ptr %o, i64 {LIST_ITEMS}
  %items = load ptr, ptr %at
  ret ptr %items
no_list:
  %b = icmp eq ptr %t, %tuple
  br i1 %b, label %in_tuple, label %other
in_tuple:
  %first = getelementptr i8, ptr %o, i64 {TUPLE_ITEMS}
  ret ptr %first
other:
  ret ptr null
}}
define internal i64 @hot_size(ptr %o) alwaysinline {{
  %at = getelementptr i8, ptr %o, i64 16
  %n = load i64, ptr %at
  ret i64 %n
}}
; The next element, or null at the end and where an error is set.
define internal ptr @hot_next(ptr %o, ptr %place, ptr %list, ptr %tuple) noinline {{
  %t = call ptr @hot_type(ptr %o)
  %a = icmp eq ptr %t, %list
  %b = icmp eq ptr %t, %tuple
  %c = or i1 %a, %b
  br i1 %c, label %plain, label %other
plain:
  %n = call i64 @hot_size(ptr %o)
  %k = load i64, ptr %place
  %more = icmp ult i64 %k, %n
  br i1 %more, label %found, label %over
found:
  %from = call ptr @hot_items(ptr %o, ptr %list, ptr %tuple)
  %x.at = getelementptr ptr, ptr %from, i64 %k
  %x = load ptr, ptr %x.at
  call void @hot_keep(ptr %x)
  %next = add i64 %k, 1
  store i64 %next, ptr %place
  ret ptr %x
over:
  ret ptr null
other:
  %y = call ptr @PyIter_Next(ptr %o)
  ret ptr %y
}}
; An element of a list or tuple that has it, kept; else null.
define internal ptr @hot_item(ptr %o, i64 %k, ptr %list, ptr %tuple) noinline {{
  %from = call ptr @hot_items(ptr %o, ptr %list, ptr %tuple)
  %neither = icmp eq ptr %from, null
  br i1 %neither, label %other, label %plain
plain:
  %n = call i64 @hot_size(ptr %o)
  %neg = icmp slt i64 %k, 0
  %wrapped = add i64 %k, %n
  %at.k = select i1 %neg, i64 %wrapped, i64 %k
  %in = icmp ult i64 %at.k, %n
  br i1 %in, label %found, label %other
found:
  %x.at = getelementptr ptr, ptr %from, i64 %at.k
  %x = load ptr, ptr %x.at
  call void @hot_keep(ptr %x)
  ret ptr %x
other:
  ret ptr null
}}
"""


def prelude(called: set[str]) -> str:
    """Declarations of ``called`` and the helpers that all functions share."""
    counts = _COUNTS if sys.version_info < (3, 12) else _COUNTS_OF_IMMORTALS
    helpers = {"PyIter_Next", "PyObject_IsTrue", "PyObject_GetIter"}
    helpers |= {"_Py_Dealloc"} if counts is _COUNTS else {"Py_IncRef", "Py_DecRef"}
    lines = [f"declare {API[name][0]} @{name}({API[name][1]})" for name in sorted(called | helpers)]
    return "\n".join((*lines, counts, _HELPERS, '!0 = !{!"branch_weights", i32 1, i32 2000}', ""))
