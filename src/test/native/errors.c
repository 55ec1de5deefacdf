/* Names and descriptions of the driver's errors. */
#include "emulated.h"

struct error_text {
    CUresult error;
    const char *name;
    const char *text;
};

#define ERROR_ROW(name, number, text) {number, #name, text},
static const struct error_text errors[] = {CUDA_ERRORS(ERROR_ROW)};
#undef ERROR_ROW

static const struct error_text *find(CUresult error)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].error == error)
            return &errors[i];
    return NULL;
}

EXPORT CUresult cuGetErrorName(CUresult error, const char **name)
{
    ENTER();
    if (name == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    const struct error_text *found = find(error);
    *name = found == NULL ? NULL : found->name;
    return found == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

EXPORT CUresult cuGetErrorString(CUresult error, const char **text)
{
    ENTER();
    if (text == NULL)
        return CUDA_ERROR_INVALID_VALUE;
    const struct error_text *found = find(error);
    *text = found == NULL ? NULL : found->text;
    return found == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
