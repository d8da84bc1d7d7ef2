// The unit that the precompiled header of all tests is made for; catch_main.cpp cannot use it.
