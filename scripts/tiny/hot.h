/*
 * Functions of the engine that requests spend their time in (callgrind): these are compiled for speed, all others for
 * size. So a request takes as many instructions as with -O2 for all, and the executable is 57 kB smaller. A function
 * that another version of the engine does not have like this is an error of the compiler, or costs only its speed.
 *
 * The last three are repeated from the command line, since compilers differ in what of it such an attribute keeps.
 */
#include "cutils.h"
#include "quickjs.h"

#ifdef __SANITIZE_ADDRESS__
#define HOT /* It would take the compiler minutes. */
#else
#define HOT                                                                                                 \
  __attribute__((optimize("O2", "no-inline-functions", "no-inline-small-functions", "no-ipa-cp",            \
                          "no-tree-vectorize", "no-align-functions", "no-align-jumps", "no-align-labels",   \
                          "no-align-loops", "wrapv", "stack-protector-strong", "stack-clash-protection")))
#endif

typedef struct JSObject JSObject;
typedef struct JSShape JSShape;
typedef struct JSString JSString, JSAtomStruct;
typedef struct JSProperty JSProperty;
typedef struct JSGCObjectHeader JSGCObjectHeader;
typedef struct BCReaderState BCReaderState;

/* Calls. */
static JSValue JS_CallInternal(JSContext *, JSValueConst, JSValueConst, JSValueConst, int, JSValue *, int) HOT;
static JSValue JS_CallFree(JSContext *, JSValue, JSValueConst, int, JSValueConst *) HOT;
static JSValue js_call_c_function(JSContext *, JSValueConst, JSValueConst, int, JSValueConst *, int) HOT;
static JSValue js_create_from_ctor(JSContext *, JSValueConst, int) HOT;

/* Properties. */
JSValue JS_GetPropertyInternal(JSContext *, JSValueConst, JSAtom, JSValueConst, BOOL) HOT;
int JS_SetPropertyInternal(JSContext *, JSValueConst, JSAtom, JSValue, JSValueConst, int) HOT;
int JS_DefineProperty(JSContext *, JSValueConst, JSAtom, JSValueConst, JSValueConst, JSValueConst, int) HOT;
int JS_DefinePropertyValue(JSContext *, JSValueConst, JSAtom, JSValue, int) HOT;
static int JS_CreateProperty(JSContext *, JSObject *, JSAtom, JSValueConst, JSValueConst, JSValueConst, int) HOT;
static JSValue JS_GetPropertyValue(JSContext *, JSValueConst, JSValue) HOT;
static int JS_SetPropertyValue(JSContext *, JSValueConst, JSValue, JSValue, int) HOT;
static JSValue JS_GetPrivateField(JSContext *, JSValueConst, JSValueConst) HOT;
static int JS_SetPrivateField(JSContext *, JSValueConst, JSValueConst, JSValue) HOT;
static int JS_CheckBrand(JSContext *, JSValueConst, JSValueConst) HOT;
static JSValue JS_GetGlobalVar(JSContext *, JSAtom, BOOL) HOT;
static int add_shape_property(JSContext *, JSShape **, JSObject *, JSAtom, int) HOT;
static JSProperty *add_property(JSContext *, JSObject *, JSAtom, int) HOT;
static int resize_properties(JSContext *, JSShape **, JSObject *, uint32_t) HOT;
static void free_property(JSRuntime *, JSProperty *, int) HOT;

/* Shapes, objects and memory. */
static JSShape *js_new_shape2(JSContext *, JSObject *, int, int) HOT;
static void js_free_shape(JSRuntime *, JSShape *) HOT;
static void js_shape_hash_link(JSRuntime *, JSShape *) HOT;
static void js_shape_hash_unlink(JSRuntime *, JSShape *) HOT;
static JSValue JS_NewObjectFromShape(JSContext *, JSShape *, JSClassID) HOT;
JSValue JS_NewObjectProtoClass(JSContext *, JSValueConst, JSClassID) HOT;
void __JS_FreeValueRT(JSRuntime *, JSValue) HOT;
static void free_gc_object(JSRuntime *, JSGCObjectHeader *) HOT;
static void free_zero_refcount(JSRuntime *) HOT;
void *js_malloc(JSContext *, size_t) HOT;
void *js_malloc_rt(JSRuntime *, size_t) HOT;
void *js_mallocz_rt(JSRuntime *, size_t) HOT;
void js_free_rt(JSRuntime *, void *) HOT;

/* Texts, atoms and bytes. */
JSValue JS_NewStringLen(JSContext *, const char *, size_t) HOT;
const char *JS_ToCStringLen2(JSContext *, size_t *, JSValueConst, BOOL) HOT;
static JSString *js_alloc_string_rt(JSRuntime *, int, int) HOT;
static JSValue JS_ConcatString(JSContext *, JSValue, JSValue) HOT;
static JSValue JS_ConcatString2(JSContext *, JSValue, JSValue) HOT;
static int js_string_compare(JSContext *, const JSString *, const JSString *) HOT;
static int js_string_memcmp(const JSString *, int, const JSString *, int, int) HOT;
static JSValue js_string_charCodeAt(JSContext *, JSValueConst, int, JSValueConst *) HOT;
static JSValue __JS_AtomToValue(JSContext *, JSAtom, BOOL) HOT;
static JSAtom js_get_atom_index(JSRuntime *, JSAtomStruct *) HOT;
static JSValue JS_AtomIsNumericIndex1(JSContext *, JSAtom) HOT;
static JSObject *get_typed_array(JSContext *, JSValueConst, int) HOT;
JSValue JS_GetTypedArrayBuffer(JSContext *, JSValueConst, size_t *, size_t *, size_t *) HOT;

/* Conversions and operators. */
static JSValue JS_ToStringInternal(JSContext *, JSValueConst, BOOL) HOT;
static JSValue JS_ToPrimitiveFree(JSContext *, JSValue, int) HOT;
static int JS_ToBoolFree(JSContext *, JSValue) HOT;
static int js_add_slow(JSContext *, JSValue *) HOT;
static int js_eq_slow(JSContext *, JSValue *, BOOL) HOT;
static int js_strict_eq_slow(JSContext *, JSValue *, BOOL) HOT;
static int js_for_of_next(JSContext *, JSValue *, int) HOT;

/* The start. */
static JSValue JS_ReadObjectRec(BCReaderState *) HOT;
