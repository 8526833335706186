fn broken( {
    std::thread::spawn(work);
}
