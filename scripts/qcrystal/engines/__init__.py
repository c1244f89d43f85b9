"""Classical, quantum-thermal-bath and path-integral dynamics behind one run specification and one trajectory format."""
