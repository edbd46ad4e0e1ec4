#pragma once

#include <iostream>

#define LOG(severity) std::cerr << "\n" #severity ": "
