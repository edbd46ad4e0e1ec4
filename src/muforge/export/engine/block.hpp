namespace muforge::engine {

// Muons first, first + 1, ... of a seed; `first` is a multiple of block_size.
struct Block {
    static constexpr std::size_t category_count = std::tuple_size_v<decltype(programs)>;

    std::uint64_t first = 0;
    std::vector<std::uint32_t> categories = std::vector<std::uint32_t>(block_size); // position of each muon's
    std::array<std::vector<std::uint32_t>, category_count> members;  // places of a category's muons in the block
    std::vector<float> columns = std::vector<float>(6 * block_size); // start_x, start_y, start_z, px, py, pz
};

// Find the members of each category. The last one is repeated until they are a multiple of 16.
inline void sort_into_categories(Block &block) {
    for (auto &places : block.members)
        places.clear();
    for (std::uint32_t place = 0; place < block_size; ++place)
        block.members[block.categories[place]].push_back(place);
    for (auto &places : block.members)
        while (places.size() % lane_count)
            places.push_back(places.back());
}

} // namespace muforge::engine
