from a_library import *
