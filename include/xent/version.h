/* The version of these headers: the build reads it from here, so this is the one place to change it. */
#ifndef XENT_VERSION_H
#define XENT_VERSION_H

#define XENT_VERSION_MAJOR 0
#define XENT_VERSION_MINOR 1
#define XENT_VERSION_PATCH 0
#define XENT_VERSION_STRING "0.1.0"

#endif
